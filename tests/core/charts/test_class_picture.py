"""A picture of classes: what is read of it is what was put in, up to the degrees that a byte tells apart."""

import numpy as np
import pytest

from core.charts import class_picture
from core.data.shelf import MAX_CLASSES


@pytest.mark.parametrize("classes", [2, 3, 10, MAX_CLASSES])
def test_a_picture_says_class_and_confidence(classes):
    rng = np.random.default_rng(0)
    likeliest, confidence = rng.integers(0, classes, (8, 6)), rng.random((8, 6))
    confidence[0, :2], likeliest[0, :2] = (0, 1), classes - 1
    image = class_picture.picture(likeliest, confidence, classes, [0.0, 3.0, -1.0, 1.0])
    assert (image["points"].dtype, image["classes"]) == (np.uint8, classes)
    read = class_picture.read(image)
    np.testing.assert_array_equal(read[0], likeliest)
    np.testing.assert_allclose(read[1], confidence, atol=0.5 / (class_picture.steps(classes) - 1) + 1e-9)
    assert read[1][0, :2].tolist() == [0, 1]


def test_the_heatmap_covers_the_extent():
    image = class_picture.picture(np.array([[0, 1, 1]]), np.array([[0, 0.5, 1]]), 2, [0.0, 3.0, -1.0, 1.0])
    heat = class_picture.heatmap(image)
    assert (heat.x0, heat.dx, heat.y0, heat.dy) == (0.5, 1, 0, 2)
    np.testing.assert_allclose(heat.z, [[0, 1.5, 1.999]], atol=0.005)
    assert (heat.zmin, heat.zmax) == (0, 2)
