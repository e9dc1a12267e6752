"""The read model of jobs and their units: tables, projections, queries."""
