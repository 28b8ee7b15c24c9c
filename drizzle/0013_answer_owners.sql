CREATE TABLE `answer_requests` (
	`token` text PRIMARY KEY NOT NULL,
	`conversation_id` integer NOT NULL,
	`message_id` integer NOT NULL,
	`kind` text NOT NULL,
	`process` integer NOT NULL,
	FOREIGN KEY (`conversation_id`,`message_id`) REFERENCES `messages`(`conversation_id`,`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
DROP INDEX `messages_streaming`;--> statement-breakpoint
ALTER TABLE `messages` ADD `process` integer;--> statement-breakpoint
CREATE INDEX `messages_streaming` ON `messages` (`conversation_id`,`process`) WHERE status = 'streaming';