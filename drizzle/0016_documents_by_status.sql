DROP INDEX `documents_by_knowledge_base`;--> statement-breakpoint
CREATE INDEX `documents_by_knowledge_base` ON `documents` (`knowledge_base_id`,`status`,`number`);