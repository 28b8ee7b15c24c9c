CREATE TABLE `chunks` (
	`number` integer PRIMARY KEY NOT NULL,
	`id` text NOT NULL,
	`document_number` integer NOT NULL,
	`chunk_index` integer NOT NULL,
	`content` text NOT NULL,
	`headings` text,
	`page` integer,
	`start_offset` integer NOT NULL,
	`end_offset` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `documents` (
	`number` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`knowledge_base_id` text NOT NULL,
	`name` text NOT NULL,
	`file_type` text NOT NULL,
	`size_bytes` integer NOT NULL,
	`content_hash` text NOT NULL,
	`status` text NOT NULL,
	`error_code` text,
	`error_parameters` text,
	`chunk_count` integer DEFAULT 0 NOT NULL,
	`created_time` integer NOT NULL,
	FOREIGN KEY (`knowledge_base_id`) REFERENCES `knowledge_bases`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `documents_id_unique` ON `documents` (`id`);--> statement-breakpoint
CREATE INDEX `documents_by_knowledge_base` ON `documents` (`knowledge_base_id`,`number`);--> statement-breakpoint
CREATE INDEX `documents_unsettled` ON `documents` (`status`) WHERE status IN ('processing', 'deleting');--> statement-breakpoint
CREATE TABLE `knowledge_bases` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` integer NOT NULL,
	`name` text NOT NULL,
	`deleted` integer DEFAULT false NOT NULL,
	`created_time` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `knowledge_bases_by_user` ON `knowledge_bases` (`user_id`,`id`);--> statement-breakpoint
CREATE INDEX `knowledge_bases_deleted` ON `knowledge_bases` (`id`) WHERE deleted;--> statement-breakpoint
CREATE TABLE `search_indexes` (
	`number` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`knowledge_base_id` text NOT NULL,
	`embedding_model` text NOT NULL,
	`dimensions` integer NOT NULL,
	`state` text NOT NULL,
	`allocated` integer DEFAULT 0 NOT NULL,
	`version` integer DEFAULT 0 NOT NULL,
	`visible_chunks` integer DEFAULT 0 NOT NULL,
	FOREIGN KEY (`knowledge_base_id`) REFERENCES `knowledge_bases`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `search_indexes_by_knowledge_base` ON `search_indexes` (`knowledge_base_id`);--> statement-breakpoint
CREATE INDEX `search_indexes_dropped` ON `search_indexes` (`number`) WHERE state = 'dropped';--> statement-breakpoint
CREATE TABLE `slices` (
	`first` integer PRIMARY KEY NOT NULL,
	`count` integer NOT NULL,
	`index_number` integer NOT NULL,
	`document_number` integer NOT NULL,
	`visible` integer NOT NULL,
	`changed` integer NOT NULL,
	`lengths` blob NOT NULL,
	FOREIGN KEY (`index_number`) REFERENCES `search_indexes`(`number`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`document_number`) REFERENCES `documents`(`number`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `slices_by_index` ON `slices` (`index_number`,`changed`);--> statement-breakpoint
CREATE INDEX `slices_by_document` ON `slices` (`document_number`,`first`);