ALTER TABLE `conversations` ADD `tip` integer;--> statement-breakpoint
ALTER TABLE `messages` ADD `parent_id` integer;--> statement-breakpoint
UPDATE `messages` SET `parent_id` = (
	SELECT max(`earlier`.`id`) FROM `messages` AS `earlier`
	WHERE `earlier`.`conversation_id` = `messages`.`conversation_id` AND `earlier`.`id` < `messages`.`id`
);--> statement-breakpoint
UPDATE `conversations` SET `tip` = (
	SELECT max(`id`) FROM `messages` WHERE `conversation_id` = `conversations`.`id`
);
