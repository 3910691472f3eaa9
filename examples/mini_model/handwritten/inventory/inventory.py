class Inventory:
    """How many of each article are in the warehouse."""

    def __init__(self):
        self.stock = {}

    def receive(self, article, count):
        self.stock[article] = self.stock.get(article, 0) + count

    def ship(self, article, count):
        available = self.stock.get(article, 0)
        if count > available:
            return False
        self.stock[article] = available + count
        return True

    def low(self, threshold):
        """Articles of which there are fewer than threshold."""
        return sorted(a for a, n in self.stock.items() if n < threshold)
