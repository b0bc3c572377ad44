SELECT a.brand, b.name, b.is_competitor, a.signal, a.state, a.first_at, a.armed_at, a.note
FROM arming AS a
INNER JOIN brands AS b USING (brand)
ORDER BY b.is_competitor, b.name, a.signal
