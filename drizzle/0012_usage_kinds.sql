CREATE TABLE `__new_usage` (
	`number` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`kind` text DEFAULT 'answer' NOT NULL,
	`user_id` integer NOT NULL,
	`conversation_id` integer,
	`message_id` integer,
	`model` text NOT NULL,
	`prompt_tokens` integer NOT NULL,
	`completion_tokens` integer NOT NULL,
	`estimated` integer NOT NULL,
	`created_time` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
INSERT INTO `__new_usage`("number", "kind", "user_id", "conversation_id", "message_id", "model", "prompt_tokens", "completion_tokens", "estimated", "created_time") SELECT "number", 'answer', "user_id", "conversation_id", "message_id", "model", "prompt_tokens", "completion_tokens", "estimated", "created_time" FROM `usage`;--> statement-breakpoint
DROP TABLE `usage`;--> statement-breakpoint
ALTER TABLE `__new_usage` RENAME TO `usage`;--> statement-breakpoint
CREATE INDEX `usage_by_user` ON `usage` (`user_id`,`created_time`);--> statement-breakpoint
CREATE INDEX `usage_by_time` ON `usage` (`created_time`);