"""The run's memory: what was done, measured and decided, kept so that nobody can quietly change it.

``event``     what one entry is, and how each is chained to the one before
``store``     the append-only database of entries (SQLite through SQLAlchemy)
``trace``     raw arrays, one Parquet file each, whose hash is in the entry that uses them
``kinds``     the vocabulary: which entries there are and what each says
``run``       the recorder, which writes a run's entries
``view``      the view of a run, folded from its entries
``frames``    pandas tables over all of it
``stations``  what happened to a station between its runs
``locks``     who is at work: locks that end with their process
``heads``     number and hash of the last entry, kept beside the database
``verify``    is all of it whole? With ``chain``, ``database_file``, ``write_ahead_log``, ``named_files``

Import the module you need: this package loads none of them, and so costs nothing.
"""
