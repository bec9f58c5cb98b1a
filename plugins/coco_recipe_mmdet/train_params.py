"""The parameters of the step ``train``."""

from coco_recipe_mmdet import params

MOST_EPOCHS = 100_000  # each may leave a checkpoint, whose label is known before the run
MOST_PX = 32_768

PARAMS = params.schema(
    ("config",),
    config=params.CONFIG,
    set=params.RUNS["set"],
    epochs={
        "type": "integer",
        "minimum": 1,
        "maximum": MOST_EPOCHS,
        "examples": [12],
        "description": "Epochs; schedules by epoch are stretched. Default: the config's.",
    },
    more_epochs={
        "type": "integer",
        "minimum": 1,
        "maximum": MOST_EPOCHS,
        "examples": [6],
        "description": "Go on for so many epochs with a starting checkpoint that a training of "
        "this config and these epochs has ended with: at its last learning rate, without warm-up.",
    },
    batch_size={
        "type": "integer",
        "minimum": 1,
        "examples": [5],
        "description": "Pictures an iteration and process. Default: the config's.",
    },
    learning_rate={
        "type": "number",
        "exclusiveMinimum": 0,
        "examples": [0.05],
        "description": "Default: the config's.",
    },
    scale_lr={
        "anyOf": [{"type": "boolean"}, {"type": "integer", "minimum": 1}],
        "examples": [16],
        "description": "Scale the learning rate linearly from the batch size that it is for (the "
        "config's, or this number) to batch_size times processes. Default: as the config says.",
    },
    warmup={
        "anyOf": [{"const": "as_given"}, {"type": "integer", "minimum": 0}],
        "examples": ["as_given", 200],
        "description": "Iterations of the warm-up; as_given leaves the config's, and its schedules "
        "by iteration. Default: the config's, shortened to a tenth of the training where it is "
        "longer.",
    },
    clip_grad={
        "anyOf": [{"const": False}, {"type": "number", "exclusiveMinimum": 0}],
        "examples": [35],
        "description": "Clip gradients to this norm (L2); false doesn't. Default: as the config "
        "says.",
    },
    image_size={
        "anyOf": [
            {"type": "integer", "minimum": 32, "maximum": MOST_PX},
            {
                "type": "array",
                "items": {"type": "integer", "minimum": 32, "maximum": MOST_PX},
                "minItems": 2,
                "maxItems": 2,
            },
        ],
        "examples": [640, [1333, 800]],
        "description": "Width and height in pixels that pictures are fitted into, in training and "
        "validation; one number for both. Ranges of sizes, crops and mosaics keep their "
        "proportion. Default: the config's.",
    },
    augmentation={
        "enum": ["off", False, True],
        "default": True,
        "examples": ["off"],
        "description": "off leaves out of the training pipeline what is random.",
    },
    freeze={
        "anyOf": [
            {"type": "integer", "minimum": -1},
            {"type": "string", "minLength": 1},
            {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1},
        ],
        "examples": [1, "backbone", ["backbone", "neck"]],
        "description": "What isn't trained: stages of the backbone up to a number (0: the stem, "
        "-1: none), or parts of the model by name, whole. Default: as the config says.",
    },
    ema={
        "anyOf": [
            {"type": "boolean"},
            {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        ],
        "examples": [True, 0.001],
        "description": "Average the weights while training (exponential moving average), and "
        "validate and keep the average; a number is the share of the newest weights, 0.5 at most. "
        "Default: as the config says.",
    },
    early_stopping={
        "type": "integer",
        "minimum": 1,
        "examples": [5],
        "description": "End the training after so many validations without a better best_by.",
    },
    amp={
        "type": "boolean",
        "examples": [True],
        "description": "Half precision, on a GPU. Default: the config's.",
    },
    val_interval={
        "type": "integer",
        "minimum": 1,
        "examples": [2],
        "description": "Validate every N epochs. Default: the config's, or 1.",
    },
    best_by={
        "type": "string",
        "pattern": "^(bbox|segm)_mAP(_50|_75|_s|_m|_l)?$",
        "default": "bbox_mAP",
        "examples": ["bbox_mAP_50", "segm_mAP"],
        "description": "The metric of val that picks 'best'; the higher the better.",
    },
    checkpoint_interval={
        "type": "integer",
        "minimum": 1,
        "default": 1,
        "examples": [2],
        "description": "Keep a checkpoint every N epochs; the last epoch's always.",
    },
    keep={
        "type": "integer",
        "minimum": 0,
        "default": 0,
        "examples": [3],
        "description": "Keep only the newest N checkpoints, and the best; 0 keeps all.",
    },
    empty_images={
        "type": "boolean",
        "default": True,
        "examples": [False],
        "description": "Train on images without boxes, too (mmdet by itself leaves them out).",
    },
    strict={
        "type": "boolean",
        "default": True,
        "examples": [False],
        "description": "The starting checkpoint must have exactly the model's weights; false takes "
        "what fits.",
    },
    trackers={
        "type": "array",
        "items": {"enum": ["tensorboard", "mlflow"]},
        "uniqueItems": True,
        "default": [],
        "examples": [["tensorboard"]],
        "description": "Give losses and metrics to these as well; their files are in trackers/.",
    },
    seed=params.SEED,
    deterministic={
        "type": "boolean",
        "default": False,
        "examples": [True],
        "description": "Take only deterministic GPU algorithms.",
    },
    launcher={
        "enum": ["none", "pytorch", "slurm"],
        "default": "none",
        "examples": ["pytorch"],
        "description": "pytorch: several processes through torchrun; slurm: through srun.",
    },
    gpus={
        "type": "integer",
        "minimum": 1,
        "default": 1,
        "examples": [8],
        "description": "Processes on each machine.",
    },
    nnodes={
        "type": "integer",
        "minimum": 1,
        "default": 1,
        "examples": [2],
        "description": "Machines.",
    },
    node_rank={
        "type": "integer",
        "minimum": 0,
        "default": 0,
        "examples": [1],
        "description": "Which of the machines this is (launcher pytorch); the others run the line "
        "in command.txt with theirs, in the same folder.",
    },
    master_addr={
        "type": "string",
        "examples": ["10.1.1.1"],
        "description": "The first machine (launcher pytorch).",
    },
    master_port={
        "type": "integer",
        "default": 29500,
        "examples": [29500],
        "description": "Its port.",
    },
    partition={"type": "string", "examples": ["gpu"], "description": "Slurm's partition."},
    **{name: rule for name, rule in params.RUNS.items() if name != "set"},
)
