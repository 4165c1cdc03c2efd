package gitlab

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/basekeeper/basekeeper/internal/forge"
)

// checkName accepts a project's full path: group/project, with as many
// subgroups between as GitLab has.
func checkName(fullPath string) error {
	if !strings.Contains(fullPath, "/") || checkGroup(fullPath) != nil {
		return fmt.Errorf("%q is no project: it is written group/project, with the subgroups between", fullPath)
	}
	return nil
}

// checkGroup accepts a group's full path, or a user's name.
func checkGroup(fullPath string) error {
	const deepest = 22
	parts := strings.Split(fullPath, "/")
	for _, part := range parts {
		if !isPlain(part) || part == "." || part == ".." || len(parts) > deepest {
			return fmt.Errorf("%q is no group or user", fullPath)
		}
	}
	return nil
}

func isPlain(s string) bool {
	for _, r := range s {
		plain := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.'
		if !plain {
			return false
		}
	}
	return s != "" && len(s) <= 255
}

// checkID accepts the id of a git object: nothing else goes into a path.
func checkID(id string) error {
	if (len(id) != 40 && len(id) != 64) || strings.Trim(id, "0123456789abcdef") != "" {
		return fmt.Errorf("%q is no commit's or file's id", id)
	}
	return nil
}

// project returns what a REST request calls a repository by: its number, which
// stays when it is renamed, else its path.
func project(r forge.Repository) (any, error) {
	if n, err := strconv.ParseInt(r.ID, 10, 64); err == nil && n > 0 {
		return int(n), nil
	}
	if err := checkName(r.Name); err != nil {
		return nil, err
	}
	return r.Name, nil
}

// number reads the number at the end of GraphQL's ids, gid://gitlab/Project/7.
func number(gid string) int64 {
	n, err := strconv.ParseInt(gid[strings.LastIndexByte(gid, '/')+1:], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func sameName(a, b string) bool { return strings.EqualFold(a, b) }

// heads is where git keeps branches.
const heads = "refs/heads/"
