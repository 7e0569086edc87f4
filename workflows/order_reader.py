"""Reading an order by bot, for as long as it takes; while the order desk is held, as it was last known."""

from systems.orderdesk import ORDERDESK, Order
from workflows.book import Book
from workflows.record_reader import RecordReader

READING = "reading the order on the order desk"


class OrderReader:
    """Reads orders for one case."""

    def __init__(self, book: Book) -> None:
        self._records = RecordReader(book, ORDERDESK, last_known=True)

    async def read(self, order_no: str) -> Order | None:
        """The order as it is now, or was last known; None when the order desk does not know it."""
        found = await self._records.read("order", order_no)
        return None if found is None else Order.model_validate(found)
