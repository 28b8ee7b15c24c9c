CREATE TABLE `attachments` (
	`conversation_id` integer NOT NULL,
	`position` integer NOT NULL,
	`user_id` integer NOT NULL,
	`knowledge_base_id` text NOT NULL,
	PRIMARY KEY(`conversation_id`, `position`),
	FOREIGN KEY (`conversation_id`) REFERENCES `conversations`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`knowledge_base_id`) REFERENCES `knowledge_bases`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `attachments_by_knowledge_base` ON `attachments` (`knowledge_base_id`);--> statement-breakpoint
CREATE INDEX `attachments_by_user` ON `attachments` (`user_id`,`conversation_id`,`position`);