package gitlab

// pageSize is how much a listing asks for at once. It is halved when that was
// too much, and grows again: at once up to what was not, further only after a
// few pages went well; never over what GitLab finds too complex.
type pageSize struct {
	now, most, top int
	good           int // pages of the most, since it changed
}

func newPageSize(top int) *pageSize { return &pageSize{now: top, most: top, top: top} }

// limit is for what will always be too much.
func (s *pageSize) limit(top int) {
	s.now, s.most, s.top, s.good = top, top, top, 0
}

func (s *pageSize) fail() {
	s.now = max(s.now/2, 1)
	s.most, s.good = s.now, 0
}

func (s *pageSize) grow() {
	const enough = 4
	if s.now == s.most {
		s.good++
	}
	if s.good == enough {
		s.most, s.good = min(s.most*2, s.top), 0
	}
	s.now = min(s.now*2, s.most)
}
