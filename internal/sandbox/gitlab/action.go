package gitlab

import (
	"encoding/base64"
	"path"
	"strings"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

// act returns the tree of a commit with the actions done, in order.
func (p *project) act(start git.ID, actions []action) (git.ID, error) {
	tree := p.git.TreeOf(start)
	for _, act := range actions {
		file, drop, err := p.actionFile(start, tree, act)
		if err != nil {
			return "", err
		}
		files := []File{file}
		if drop != "" {
			files = append(files, File{Path: drop, Delete: true})
		}
		if tree, err = p.git.Apply(tree, files); err != nil {
			return "", err
		}
	}
	return tree, nil
}

// actionFile is what an action makes of a file, and what it takes away.
func (p *project) actionFile(start, tree git.ID, act action) (file File, drop string, err error) {
	if act.Path != path.Clean(act.Path) || strings.HasPrefix(act.Path, "/") || strings.HasPrefix(act.Path, "../") {
		return file, "", badRequest("Path cannot include traversal syntax")
	}
	old, err := p.git.Find(tree, act.Path)
	exists := err == nil && old.Mode != git.ModeDirectory
	if act.LastCommit != "" && string(p.git.Last(start, act.Path)) != act.LastCommit {
		return file, "", badRequest("You are attempting to update a file that has changed since you started editing it.")
	}
	switch {
	case act.Action == "create" && err == nil:
		return file, "", badRequest("A file with this name already exists")
	case act.Action != "create" && act.Action != "move" && !exists:
		return file, "", badRequest("A file with this name doesn't exist")
	case act.Action == "delete":
		return File{Path: act.Path, Delete: true}, "", nil
	case act.Action == "move":
		return p.moved(tree, act)
	}
	file = File{Path: act.Path, Mode: old.Mode}
	if act.Action == "chmod" || act.Content == nil && exists {
		file.Content, _ = p.git.Blob(old.ID) // it is there: the tree has it
	} else if file.Content, err = act.content(); err != nil {
		return file, "", err
	}
	if file.Mode != git.ModeSymlink {
		file.Mode = modeOf(old.Mode, act.ExecuteFilemode)
	}
	return file, "", nil
}

// moved is a file at its new path, with new content if there is some.
func (p *project) moved(tree git.ID, act action) (file File, drop string, err error) {
	old, err := p.git.Find(tree, act.Previous)
	if err != nil || act.Previous == "" {
		return file, "", badRequest("A file with this name doesn't exist")
	}
	file = File{Path: act.Path, Mode: old.Mode}
	if act.Content == nil {
		file.Content, err = p.git.Blob(old.ID)
	} else {
		file.Content, err = act.content()
	}
	return file, act.Previous, err
}

func (act action) content() ([]byte, error) {
	if act.Content == nil {
		return nil, nil
	}
	if act.Encoding != "base64" {
		return []byte(*act.Content), nil
	}
	content, err := base64.StdEncoding.DecodeString(*act.Content)
	if err != nil {
		return nil, badRequest("invalid base64")
	}
	return content, nil
}

func modeOf(old git.Mode, executable *bool) git.Mode {
	switch {
	case executable == nil && old != "":
		return old
	case executable != nil && *executable:
		return git.ModeExecutable
	}
	return git.ModeFile
}
