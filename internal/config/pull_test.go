package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/forge"
)

func TestSchedule(t *testing.T) {
	tests := map[string]struct{ open, closed []string }{
		"{}":                        {open: []string{"Mon 00:00", "Sun 23:59"}},
		"{timezone: Europe/Berlin}": {open: []string{"Mon 00:00"}},
		"{from: '8:00', to: '18:00'}": {
			open: []string{"Mon 08:00", "Sun 17:59"}, closed: []string{"Mon 07:59", "Mon 18:00", "Mon 00:00"},
		},
		"{days: [sat, sun]}": {open: []string{"Sat 00:00", "Sun 23:59"}, closed: []string{"Fri 23:59", "Mon 00:00"}},
		"{days: [mon, fri], from: '22:00', to: '04:00'}": {
			open:   []string{"Mon 22:00", "Tue 03:59", "Fri 23:59", "Sat 00:00"},
			closed: []string{"Mon 03:59", "Mon 21:59", "Tue 04:00", "Tue 22:00", "Sat 22:00", "Sun 01:00", "Fri 03:00"},
		},
		"{days: [sat], from: '22:00', to: '04:00'}": {open: []string{"Sun 03:59"}, closed: []string{"Sat 03:59", "Sun 22:00"}},
		"{from: '20:00'}":              {open: []string{"Wed 20:00", "Wed 23:59"}, closed: []string{"Wed 19:59", "Wed 00:00"}},
		"{to: '06:00'}":                {open: []string{"Wed 00:00", "Wed 05:59"}, closed: []string{"Wed 06:00"}},
		"{from: '20:00', to: '00:00'}": {open: []string{"Wed 23:59"}, closed: []string{"Wed 00:00", "Thu 19:59"}},
	}
	for src, tt := range tests {
		t.Run(src, func(t *testing.T) {
			p := parse(t, "schedule: "+src).Policy(ref(t, "debian"))
			for _, want := range []bool{true, false} {
				for _, at := range map[bool][]string{true: tt.open, false: tt.closed}[want] {
					assert.Equal(t, want, p.Open(func(string) time.Time { return weekday(t, at) }), at)
				}
			}
		})
	}
}

// weekday returns a time of the first week of 2026 that is not cut by New Year.
func weekday(t *testing.T, s string) time.Time {
	t.Helper()
	clock, err := time.Parse("Mon 15:04", s)
	require.NoError(t, err)
	names := []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}
	for i, name := range names {
		if strings.HasPrefix(s, name) {
			return time.Date(2026, 1, 5+i, clock.Hour(), clock.Minute(), 30, 0, time.UTC)
		}
	}
	t.Fatal(s)
	return time.Time{}
}

func TestScheduleAsksForItsZone(t *testing.T) {
	c := parse(t, "schedule: {to: '8:00', timezone: Asia/Tokyo}").Narrow(parse(t, "schedule: {to: '9:00'}"))
	var zones []string
	c.Policy(ref(t, "debian")).Open(func(zone string) time.Time { zones = append(zones, zone); return weekday(t, "Mon 01:00") })
	assert.Equal(t, []string{"Asia/Tokyo", ""}, zones)
}

func TestScheduleInWords(t *testing.T) {
	for src, want := range map[string]string{
		"{}":                          "always",
		"{days: [mon, sun]}":          "mon, sun 00:00-24:00",
		"{to: '8:05', timezone: UTC}": "00:00-08:05 UTC",
	} {
		var s config.Schedule
		if all := parse(t, "schedule: "+src).Policy(ref(t, "debian")).Schedules; len(all) > 0 {
			s = all[0]
		}
		assert.Equal(t, want, s.String())
	}
}

func TestRepositoriesMatch(t *testing.T) {
	good := forge.Repository{Name: "Acme/App", DefaultBranch: "main", Head: "abc", Language: "Go", Topics: []string{"docker", "web"}, Size: 100}
	with := func(change func(*forge.Repository)) forge.Repository {
		r := good
		change(&r)
		return r
	}
	archived := with(func(r *forge.Repository) { r.Archived = true })
	fork := with(func(r *forge.Repository) { r.Fork = true })
	private := with(func(r *forge.Repository) { r.Private = true })
	tests := map[string]struct {
		filter string
		r      forge.Repository
		reason string // empty where it is taken
	}{
		"anything":               {"{}", good, ""},
		"empty":                  {"{}", with(func(r *forge.Repository) { r.Head = "" }), "it is empty"},
		"no branch":              {"{names: [acme/app]}", with(func(r *forge.Repository) { r.DefaultBranch = "" }), "it is empty"},
		"locked":                 {"{archived: true, names: [acme/app]}", with(func(r *forge.Repository) { r.Locked = true }), "it is locked: it cannot be written to"},
		"marked for deletion":    {"{names: [acme/app]}", with(func(r *forge.Repository) { r.Locked, r.Lock = true, "it is marked for deletion" }), "it is marked for deletion: it cannot be written to"},
		"archived":               {"{names: [acme/app]}", archived, "it is archived: it cannot be written to"},
		"archived, wanted":       {"{archived: true}", archived, ""},
		"fork":                   {"{}", fork, "it is a fork"},
		"fork, wanted":           {"{forks: true}", fork, ""},
		"fork, named":            {"{names: [acme/app], topics: [none]}", fork, ""},
		"named, excluded":        {"{names: [acme/app], exclude: ['acme/*']}", good, "excluded by acme/*"},
		"another is named":       {"{names: [acme/app2]}", fork, "it is a fork"},
		"included":               {"{include: [x/y, 'acme/a*']}", good, ""},
		"not included":           {"{include: ['*', acme/app2]}", good, "not included by name"},
		"excluded before":        {"{include: ['**'], exclude: [ACME/app]}", good, "excluded by acme/app"},
		"topic":                  {"{topics: [x, Docker]}", good, ""},
		"no topic":               {"{topics: [dock]}", good, "it has none of the topics asked for"},
		"language":               {"{languages: [go]}", good, ""},
		"no language":            {"{languages: [C]}", good, "its language is not one of those asked for"},
		"size":                   {"{max-size: 100}", good, ""},
		"too large":              {"{max-size: 99}", good, "it is larger than 99 KiB"},
		"public, want public":    {"{visibility: public}", good, ""},
		"public, want private":   {"{visibility: private}", good, "it is public"},
		"private, want public":   {"{visibility: public}", private, "it is not public"},
		"private, want private":  {"{visibility: private}", private, ""},
		"private, want whatever": {"{visibility: all}", private, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			ok, reason := parse(t, "repositories: "+tt.filter).Repositories.Match(tt.r)
			assert.Equal(t, tt.reason, reason)
			assert.Equal(t, tt.reason == "", ok)
		})
	}
}

func TestScope(t *testing.T) {
	f := parse(t, "repositories: {organizations: [o], users: [u], names: [a/b], installation: true}").Repositories
	assert.Equal(t, forge.Scope{Organizations: []string{"o"}, Users: []string{"u"}, Names: []string{"a/b"}, Installation: true}, f.Scope())
}

func TestLooksAreBounded(t *testing.T) {
	tests := map[string]struct{ src, want string }{
		"labels":    {"labels: [" + strings.Repeat("a, ", 21) + "]", "want at most 20"},
		"reviewers": {"reviewers: [" + strings.Repeat("a, ", 21) + "]", "want at most 20"},
		"assignees": {"assignees: [" + strings.Repeat("a, ", 21) + "]", "want at most 20"},
		"label":     {"labels: [" + strings.Repeat("ä", 51) + "]", "at most 50 characters"},
		"reviewer":  {"reviewers: [" + strings.Repeat("a", 101) + "]", "want the name of a user"},
		"message":   {"commit-message: " + strings.Repeat("a", 2001), "longer than 2000 bytes"},
		"hidden":    {"labels: [\"a\u202eb\"]", "printable"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := config.Parse("f", []byte(tt.src))
			assert.ErrorContains(t, err, tt.want)
		})
	}
	most := parse(t, "labels: ["+strings.Repeat("'"+strings.Repeat("ä", 50)+"', ", 20)+"]").Policy(ref(t, "debian"))
	assert.Len(t, most.Labels, 20)
}
