"""The process that mmdet runs in: which function does which job.

The functions stand by name, so that a step depends only on the job that it hands over.
"""

from coco_recipe_jobs import child

from coco_recipe_mmdet import jobs
from coco_recipe_mmdet.params import STACK

WORK: child.Work = {
    jobs.TrainJob: "coco_recipe_mmdet.inside.job_train:train",
    jobs.EvaluateJob: "coco_recipe_mmdet.inside.job_evaluate:evaluate",
    jobs.PredictJob: "coco_recipe_mmdet.inside.job_evaluate:predict",
    jobs.SoupJob: "coco_recipe_mmdet.inside.job_soup:greedy_soup",
    jobs.BatchNormJob: "coco_recipe_mmdet.inside.job_batch_norm:recompute_batch_norm",
    jobs.ExportJob: "coco_recipe_mmdet.inside.job_export:export_model",
    jobs.InitJob: "coco_recipe_mmdet.inside.job_init:init_weights",
    jobs.ClassRowsJob: "coco_recipe_mmdet.inside.job_class_rows:class_rows",
    jobs.PreflightJob: "coco_recipe_mmdet.inside.job_preflight:preflight",
}

if __name__ == "__main__":
    child.main(WORK, libraries=STACK)
