"""What evidence may not show of the order desk: who the customer is, where they live, what is said of them."""

from bots.kit.masking import Masking, public_fields
from bots.orderdesk import forms
from systems.orderdesk import ORDERDESK

_PUBLIC = public_fields(ORDERDESK.operations.values())
_SHOWN = sorted({field.name for screen in forms.ALL for field in screen.fields if field.holds in _PUBLIC})

MASKING = Masking(
    personal=(
        *(f"#d_{name}" for name in ("name", "street", "house_no", "postcode", "city", "phone", "email", "remarks")),
        "td:has(> #c_order_no)",  # the customer's name stands beside the order's number
        "td.c_text, td.text",
        "#modal_text",
    ),
    public=("#c_order_no", "#order_no", "#customer_no", "#user", *(f"#f_change [name={name}]" for name in _SHOWN)),
    captions=("Name", "Street", "House no.", "Postcode", "City", "Phone", "E-mail", "Remarks"),
)
