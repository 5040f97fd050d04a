//! Scans untrusted XML and JSON before a parser sees them.
