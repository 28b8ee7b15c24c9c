DROP INDEX `attachments_by_user`;--> statement-breakpoint
ALTER TABLE `attachments` DROP COLUMN `user_id`;