-- The terms of every chunk, cut by the program: each term once, and once more with a mark for each
-- level that its frequency reaches (src/store/sqlite/full-text.ts). Contentless: the text itself is
-- in `chunks`. detail=none: the index holds only which chunks have a term, all that is asked of it.
CREATE VIRTUAL TABLE chunk_terms USING fts5(
  terms,
  content='',
  contentless_delete=1,
  detail=none,
  tokenize='ascii'
);
