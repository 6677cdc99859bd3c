"""ImageNet's classes have a thousand clear names."""

from pytrain.model.imagenet_names import imagenet_names


def test_every_class_has_its_own_name():
    names = imagenet_names()
    assert len(names) == len(set(names)) == 1000


def test_names_are_words_and_not_sentences():
    assert not [name for name in imagenet_names() if "," in name or len(name) > 40 or not name.strip()]


def test_the_order_is_that_of_the_published_networks():
    names = imagenet_names()
    # As in Keras's imagenet_class_index.json: espresso, tripod, tabby, tiger cat, the bird, the machine.
    known = {967: "espresso", 872: "tripod", 281: "tabby cat", 282: "tiger cat", 134: "crane bird"}
    assert {number: names[number] for number in known} == known
    assert names[517] == "construction crane"
