"""The kinds of values that come with the core."""

from coco_recipe.values import checkpoint, dataset_value, metrics, predictions
from coco_recipe.values.kind import ValueKinds

_SHIPPED = (dataset_value.KIND, checkpoint.KIND, predictions.KIND, metrics.KIND)
KINDS = ValueKinds(
    {kind.type: kind for kind in _SHIPPED}, {kind.type: "coco-recipe" for kind in _SHIPPED}
)
