CREATE TABLE `search_backlog` (
	`conversation_id` integer PRIMARY KEY NOT NULL,
	FOREIGN KEY (`conversation_id`) REFERENCES `conversations`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `search_entries` (
	`number` integer PRIMARY KEY NOT NULL,
	`conversation_id` integer NOT NULL,
	`message_id` integer,
	FOREIGN KEY (`conversation_id`) REFERENCES `conversations`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`conversation_id`,`message_id`) REFERENCES `messages`(`conversation_id`,`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `search_entries_by_message` ON `search_entries` (`conversation_id`,`message_id`);--> statement-breakpoint
-- The terms of titles and messages, cut by the program (src/store/sqlite/conversation-terms.ts), with
-- one more that stands for the owner. Contentless: the texts are in their tables. detail=none: the
-- index holds only which texts have a term, all that is asked of it.
CREATE VIRTUAL TABLE conversation_terms USING fts5(
  terms,
  content='',
  contentless_delete=1,
  detail=none,
  tokenize='ascii'
);--> statement-breakpoint
CREATE TRIGGER search_entry_deleted AFTER DELETE ON search_entries BEGIN
  DELETE FROM conversation_terms WHERE rowid = old.number;
END;--> statement-breakpoint
CREATE TRIGGER conversation_inserted AFTER INSERT ON conversations WHEN NOT new.untitled BEGIN
  INSERT INTO search_backlog VALUES (new.id);
END;--> statement-breakpoint
CREATE TRIGGER conversation_retitled AFTER UPDATE OF title, untitled ON conversations BEGIN
  DELETE FROM search_entries WHERE conversation_id = new.id AND message_id IS NULL;
  INSERT INTO search_backlog VALUES (new.id) ON CONFLICT DO NOTHING;
END;--> statement-breakpoint
CREATE TRIGGER message_inserted AFTER INSERT ON messages WHEN new.status <> 'streaming' BEGIN
  INSERT INTO search_backlog VALUES (new.conversation_id) ON CONFLICT DO NOTHING;
END;--> statement-breakpoint
CREATE TRIGGER message_settled AFTER UPDATE OF status ON messages WHEN new.status <> 'streaming' BEGIN
  INSERT INTO search_backlog VALUES (new.conversation_id) ON CONFLICT DO NOTHING;
END;--> statement-breakpoint
INSERT INTO search_backlog SELECT id FROM conversations;
