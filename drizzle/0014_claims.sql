CREATE TABLE `claims` (
	`name` text PRIMARY KEY NOT NULL,
	`process` integer NOT NULL
);
