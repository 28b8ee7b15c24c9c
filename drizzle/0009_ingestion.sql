ALTER TABLE `documents` ADD `pages` integer;--> statement-breakpoint
ALTER TABLE `documents` ADD `title` text;--> statement-breakpoint
ALTER TABLE `documents` ADD `metadata` text DEFAULT '{}' NOT NULL;--> statement-breakpoint
CREATE INDEX `documents_by_content` ON `documents` (`knowledge_base_id`,`content_hash`);--> statement-breakpoint
ALTER TABLE `knowledge_bases` ADD `description` text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE `knowledge_bases` ADD `vector_weight` real;--> statement-breakpoint
ALTER TABLE `knowledge_bases` ADD `failed_reindex` text;--> statement-breakpoint
ALTER TABLE `search_indexes` ADD `chunk_size` integer;--> statement-breakpoint
CREATE UNIQUE INDEX `search_indexes_building` ON `search_indexes` (`knowledge_base_id`) WHERE state = 'building';