"""Scoring: artifacts, ONNX models, decisions and reasons."""
