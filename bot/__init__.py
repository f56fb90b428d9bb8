"""Axis: a patient-facing assistant for hormone and fertility clinics that says only what clinicians vetted."""

__version__ = "0.1.0"
