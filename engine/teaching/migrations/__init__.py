"""The history of the ledger's tables; Alembic brings any older ledger to the newest."""
