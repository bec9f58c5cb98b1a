"""The process that mmdet runs in: which function does which job."""

from coco_recipe_jobs import child

from coco_recipe_mmdet import jobs
from coco_recipe_mmdet.inside import (
    job_batch_norm,
    job_evaluate,
    job_init,
    job_preflight,
    job_soup,
    job_train,
)
from coco_recipe_mmdet.params import STACK

WORK: child.Work = {
    jobs.TrainJob: job_train.train,
    jobs.EvaluateJob: job_evaluate.evaluate,
    jobs.PredictJob: job_evaluate.predict,
    jobs.SoupJob: job_soup.greedy_soup,
    jobs.BatchNormJob: job_batch_norm.recompute_batch_norm,
    jobs.InitJob: job_init.init_weights,
    jobs.PreflightJob: job_preflight.preflight,
}

if __name__ == "__main__":
    child.main(WORK, libraries=STACK)
