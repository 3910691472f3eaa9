from inventory import Inventory


def make():
    inv = Inventory()
    inv.receive("screws", 100)
    inv.receive("hammers", 3)
    return inv


def test_receive_adds_up():
    inv = make()
    inv.receive("screws", 20)
    assert inv.stock["screws"] == 120


def test_ship():
    inv = make()
    assert inv.ship("screws", 30)
    assert inv.stock["screws"] == 70


def test_cannot_ship_more_than_there_is():
    assert not make().ship("hammers", 4)


def test_low():
    assert make().low(10) == ["hammers"]
