"""What evidence may not show of the board: who the customer is, where they live, what is said of them."""

from bots.kit.masking import Masking, public_fields
from systems.fieldboard import FIELDBOARD

_PUBLIC = sorted(public_fields(FIELDBOARD.operations.values()))

MASKING = Masking(
    personal=(
        *(f"#d_{name}" for name in ("name", "street", "house_no", "postcode", "city", "phone")),
        "td.c_text, td.name",
        "#modal_text",
    ),
    public=("#user", "#week", "#reference", "#booking_no", *(f"#f_booking [name={name}]" for name in _PUBLIC)),
    captions=("Name", "Street", "House no.", "Postcode", "City", "Phone", "Remarks"),
)
