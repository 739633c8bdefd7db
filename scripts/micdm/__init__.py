"""Stage DICOM headers for the OMOP Medical Imaging CDM."""

__version__ = "0.1.0"
