-- What a withdrawn mention said may stand in its note too, where it was quoted as a date that cannot be read.
UPDATE mentions SET time_note = 'withdrawn' WHERE deleted_at IS NOT NULL AND published_at IS NULL AND time_note IS NOT NULL;
