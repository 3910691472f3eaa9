"""Tasks about numbers."""

from mini_model.tasks.base import function

# fmt: off
T = "numbers"
function(T, "add | add_$N | sum_of_two | plus | add_${Ns} | combine", "$a, $b",
    "Return the sum of $a and $b. | Add $a and $b. | Adds two numbers. | Add $b to $a and return the result.",
    "    return $a + $b", "    $t = $a + $b\n    return $t",
    calls=lambda g: (g.int(), g.int(1)))
function(T, "subtract | difference | minus | take_away | ${N}_difference | remaining_$N", "$a, $b",
    "Return $a minus $b. | Subtract $b from $a. | The difference of $a and $b. | What is left of $a without $b.",
    "    return $a - $b", "    $t = $a - $b\n    return $t",
    calls=lambda g: (g.int(5, 30), g.int(1, 9)))
function(T, "multiply | product | times | total_$N | ${N}_total | scale", "$a, $b",
    "Return the product of $a and $b. | Multiply $a by $b. | $a times $b.",
    "    return $a * $b", "    $t = $a * $b\n    return $t",
    calls=lambda g: (g.int(2, 12), g.int(3, 9)))
function(T, "divide | quotient | ratio | per_$N | split_$N", "$a, $b",
    "Return $a divided by $b. | Divide $a by $b. | The ratio of $a to $b.",
    "    return $a / $b", "    if $b == 0:\n        return None\n    return $a / $b",
    "    if $b == 0:\n        return 0\n    return $a / $b",
    calls=lambda g: (g.int(2, 9) * 4, g.choice(2, 4, 8)))
function(T, "remainder | mod | left_over | rest_of", "$a, $b",
    "Return the remainder of $a divided by $b. | What is left when $a is divided by $b.",
    "    return $a % $b",
    calls=lambda g: (g.int(10, 40), g.int(3, 7)))
function(T, "whole_${Ns} | full_${Ns} | count_full | boxes_needed", "$a, $b",
    "How many times $b goes into $a. | Return $a divided by $b, rounded down. | Integer division of $a by $b.",
    "    return $a // $b",
    calls=lambda g: (g.int(10, 40), g.int(3, 7)))
function(T, "square | squared | square_$N | area_of_square", "$n",
    "Return the square of $n. | Return $n squared. | $n times itself.",
    "    return $n * $n", "    return $n ** 2",
    calls=lambda g: (g.int(3, 12),))
function(T, "cube | cubed | volume_of_cube", "$n", "Return the cube of $n. | Return $n to the power of 3.",
    "    return $n ** 3", "    return $n * $n * $n",
    calls=lambda g: (g.int(2, 6),))
function(T, "double | twice | double_$N | two_times", "$n",
    "Return twice $n. | Double $n. | Return $n multiplied by two.",
    "    return $n * 2", "    return 2 * $n", "    return $n + $n",
    calls=lambda g: (g.int(3, 20),))
function(T, "triple | three_times | triple_$N", "$n", "Return three times $n. | Triple the $n.",
    "    return $n * 3", "    return 3 * $n",
    calls=lambda g: (g.int(2, 20),))
function(T, "half | halve | half_of_$N", "$n", "Return half of $n. | Divide $n by two.",
    "    return $n / 2", "    return $n // 2",
    calls=lambda g: (g.int(2, 20) * 2,))
function(T, "increment | next_$N | add_one | successor", "$n",
    "Return $n plus one. | Return the number after $n. | Increase $n by 1.",
    "    return $n + 1", "    $n += 1\n    return $n",
    calls=lambda g: (g.int(1, 30),))
function(T, "decrement | previous_$N | minus_one | predecessor", "$n",
    "Return $n minus one. | Return the number before $n. | Decrease $n by 1.",
    "    return $n - 1", "    $n -= 1\n    return $n",
    calls=lambda g: (g.int(1, 30),))
function(T, "negate | opposite | flip_sign", "$n", "Return $n with the opposite sign. | Negate $n.",
    "    return -$n", calls=lambda g: (g.choice(g.int(1, 20), -g.int(1, 20)),))
function(T, "area | rectangle_area | ${N}_area | room_area", "width, height",
    "Return the area of a rectangle. | Area of a width by height rectangle. | The surface in square meters.",
    "    return width * height", "    area = width * height\n    return area",
    calls=lambda g: (g.int(2, 9), g.int(3, 9)))
function(T, "perimeter | rectangle_perimeter | fence_length | ${N}_perimeter", "width, height",
    "Return the perimeter of a rectangle. | The length around a rectangle of width and height.",
    "    return 2 * (width + height)", "    return 2 * width + 2 * height",
    calls=lambda g: (g.int(2, 9), g.int(3, 9)))
function(T, "average | mean | mean_of_two | midpoint | middle", "$a, $b",
    "Return the average of $a and $b. | The number halfway between $a and $b.",
    "    return ($a + $b) / 2", "    $m = ($a + $b) / 2\n    return $m",
    calls=lambda g: (g.int(1, 9) * 2, g.int(4, 12) * 2))
function(T, "fahrenheit | to_fahrenheit | celsius_to_fahrenheit", "celsius",
    "Convert celsius to fahrenheit. | Return the temperature in degrees Fahrenheit.",
    "    return celsius * 9 / 5 + 32", "    return 32 + celsius * 9 / 5",
    calls=lambda g: (g.choice(0, 10, 20, 25, 30, 100, 37, -40),))
function(T, "celsius | to_celsius | fahrenheit_to_celsius", "fahrenheit",
    "Convert fahrenheit to celsius. | Return the temperature in degrees Celsius.",
    "    return (fahrenheit - 32) * 5 / 9",
    calls=lambda g: (g.choice(32, 50, 68, 77, 86, 212, 14),))
function(T, "minutes | to_minutes | hours_to_minutes | ${N}_minutes", "hours",
    "Return how many minutes hours have. | Convert hours to minutes.",
    "    return hours * 60", calls=lambda g: (g.int(1, 12),))
function(T, "seconds | to_seconds | duration_seconds", "minutes, seconds",
    "Return the whole duration in seconds. | Convert minutes and seconds to seconds.",
    "    return minutes * 60 + seconds", "    total = minutes * 60\n    total += seconds\n    return total",
    calls=lambda g: (g.int(1, 12), g.int(1, 59)))
function(T, "total_price | ${N}_price | order_total | cost", "price, quantity",
    "Return the price of quantity pieces. | What quantity pieces cost at price each.",
    "    return price * quantity", "    total = price * quantity\n    return total",
    calls=lambda g: (g.int(2, 20), g.int(2, 9)))
function(T, "discounted | apply_discount | discount_$N | reduced_price", "price, percent",
    "Return the price less percent. | Reduce the price by percent. | The price after the discount.",
    "    return price - price * percent / 100", "    discount = price * percent / 100\n    return price - discount",
    "    return price * (100 - percent) / 100",
    calls=lambda g: (g.int(2, 20) * 10, g.choice(10, 20, 25, 50)))
function(T, "with_tax | add_tax | gross | gross_price | price_with_tip", "price, percent",
    "Return the price plus percent tax. | Add percent to the price. | The price including tax.",
    "    return price + price * percent / 100", "    tax = price * percent / 100\n    return price + tax",
    "    return price * (100 + percent) / 100",
    calls=lambda g: (g.int(2, 20) * 10, g.choice(10, 20, 25, 5)))
function(T, "percentage | percent_of | share | ${N}_percent", "part, whole",
    "Return how many percent part is of whole. | The share of part in whole, in percent.",
    "    return part / whole * 100", "    return 100 * part / whole",
    calls=lambda g: (g.choice(1, 2, 3, 5, 10), g.choice(4, 5, 10, 20, 8)))
function(T, "power | raise_to | to_the_power", "base, exponent",
    "Return base to the power of exponent. | Raise base to exponent.",
    "    return base ** exponent",
    "    result = 1\n    for _ in range(exponent):\n        result *= base\n    return result",
    calls=lambda g: (g.int(2, 6), g.int(2, 4)))
function(T, "distance | gap | ${N}_gap | how_far", "$a, $b",
    "Return the distance between $a and $b. | How far $a is from $b, never negative.",
    "    return abs($a - $b)", "    if $a > $b:\n        return $a - $b\n    return $b - $a",
    calls=lambda g: (g.int(1, 20), g.int(1, 20)))
function(T, "speed | average_speed | pace", "distance, time",
    "Return the distance per time. | Speed is distance divided by time.",
    "    return distance / time", calls=lambda g: (g.int(2, 9) * 10, g.choice(2, 4, 5)))
function(T, "last_digit | ones_digit | final_digit", "$n", "Return the last digit of $n. | The digit in the ones place.",
    "    return $n % 10", calls=lambda g: (g.int(11, 999),))
function(T, "split_time | hours_and_minutes | to_clock", "minutes",
    "Return the hours and the minutes left. | Split minutes into hours and minutes.",
    "    return minutes // 60, minutes % 60", "    hours = minutes // 60\n    rest = minutes % 60\n    return hours, rest",
    calls=lambda g: (g.int(61, 400),))
function(T, "change | change_due | money_back", "paid, price",
    "Return the change for what was paid. | How much money comes back.",
    "    return paid - price", "    change = paid - price\n    return change",
    calls=lambda g: (g.int(20, 50), g.int(3, 19)))
function(T, "simple_interest | interest | earned", "amount, rate, years",
    "Return the interest on amount after years at rate percent.",
    "    return amount * rate * years / 100", "    interest = amount * rate / 100\n    return interest * years",
    calls=lambda g: (g.int(1, 9) * 100, g.choice(2, 5, 10), g.int(2, 4)))
function(T, "inches | to_inches | feet_to_inches", "feet, inches=0",
    "Return the length in inches. | Convert feet and inches to inches.",
    "    return feet * 12 + inches", calls=lambda g: g.choice((g.int(1, 9),), (g.int(1, 9), g.int(1, 11))))
function(T, "sum_of_three | total_of | add_three", "$a, $b, $n",
    "Return the sum of all three. | Add $a, $b and $n.",
    "    return $a + $b + $n", "    $t = $a + $b\n    return $t + $n",
    calls=lambda g: (g.int(1, 9), g.int(1, 9), g.int(1, 9)))
