CREATE TABLE `embedding_cache` (
	`number` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`hash` blob NOT NULL,
	`vector` blob NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `embedding_cache_hash_unique` ON `embedding_cache` (`hash`);