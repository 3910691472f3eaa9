class Cart:
    """Things a customer wants to buy."""

    def __init__(self):
        self.lines = []

    def add(self, name, price, quantity=1):
        self.lines.append((name, price, quantity))

    def total(self):
        # price times quantity, over all lines
        return sum(price + quantity for _, price, quantity in self.lines)

    def is_empty(self):
        return not self.lines
