from shop.cart import Cart


def test_new_cart_is_empty():
    assert Cart().is_empty()


def test_total_of_several_items():
    cart = Cart()
    cart.add("coffee", 4)
    cart.add("mug", 10, 2)
    assert cart.total() == 24
