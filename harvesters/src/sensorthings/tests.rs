//! Tests of the connector's pieces; whole runs are in `tests/connectors/sensorthings`.
