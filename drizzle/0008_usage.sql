CREATE TABLE `usage` (
	`number` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`user_id` integer NOT NULL,
	`conversation_id` integer NOT NULL,
	`message_id` integer NOT NULL,
	`model` text NOT NULL,
	`prompt_tokens` integer NOT NULL,
	`completion_tokens` integer NOT NULL,
	`estimated` integer NOT NULL,
	`created_time` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `usage_by_user` ON `usage` (`user_id`,`created_time`);--> statement-breakpoint
ALTER TABLE `messages` ADD `usage_estimated` integer;--> statement-breakpoint
ALTER TABLE `messages` ADD `model` text;