"""Rules beside the model: their file, their way to the job, a try on the past."""
