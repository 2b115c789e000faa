"""Contracts of AWS: a SageMaker container and a Lambda function, both stateless, on the job's models."""
