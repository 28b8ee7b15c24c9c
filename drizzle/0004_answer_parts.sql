CREATE TABLE `answer_parts` (
	`conversation_id` integer NOT NULL,
	`message_id` integer NOT NULL,
	`first_piece` integer NOT NULL,
	`content` text NOT NULL,
	`reasoning` text NOT NULL,
	`pieces` text NOT NULL,
	PRIMARY KEY(`conversation_id`, `message_id`, `first_piece`),
	FOREIGN KEY (`conversation_id`,`message_id`) REFERENCES `messages`(`conversation_id`,`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
ALTER TABLE `messages` ADD `pieces` text;