"""Learners: LightGBM, XGBoost, random forest and logistic regression."""
