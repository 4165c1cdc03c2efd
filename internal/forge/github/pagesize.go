package github

// pageSize is how much a listing asks for at once. It is halved when that was
// too much, and grows again: at once up to what was not, further only after a
// few pages went well.
type pageSize struct {
	now, most int
	good      int // pages of the most, since it changed
}

func newPageSize() *pageSize { return &pageSize{now: perRequest, most: perRequest} }

func (s *pageSize) fail() {
	s.now /= 2
	s.most, s.good = s.now, 0
}

func (s *pageSize) grow() {
	const enough = 4
	if s.now == s.most {
		s.good++
	}
	if s.good == enough {
		s.most, s.good = min(s.most*2, perRequest), 0
	}
	s.now = min(s.now*2, s.most)
}
