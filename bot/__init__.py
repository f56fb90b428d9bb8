"""Axis: a patient-facing assistant for hormone and fertility clinics that says only what clinicians vetted."""
