"""Bring in a shop's own files. Pass 1 checks the whole file and writes nothing, pass 2 writes in short batches.

``reading`` opens CSV and XLSX, a format (``generic``, ``invoices``) says what its columns mean, ``checking`` is
pass 1, ``netting`` sets cancellations off against sales, ``writing`` and ``days`` are pass 2.
"""
