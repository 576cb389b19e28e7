package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Bytes that wait at most; then no sample is taken until there is room.
const limit = 256_000_000

// A spool whose messages the log has all is emptied when it is larger.
const emptied = 1_000_000

// Waiting is a message that the log has not acknowledged.
type Waiting struct {
	Number  int
	Subject string
	Message []byte
}

// Spool keeps numbered messages in a file, one a line. A file beside it says up to which the log has them.
type Spool struct {
	Producer string

	folder  string
	mutex   sync.Mutex
	lock    *os.File
	file    *os.File
	size    int
	count   int
	waiting []Waiting
}

type header struct {
	Producer string `json:"producer"`
	After    int    `json:"after"`
}

// OpenSpool opens the spool of a folder, or makes one: another spool is another boot, whose numbers begin at 1 again.
func OpenSpool(folder, name string) (*Spool, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(folder, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, fmt.Errorf("another process has the spool %s: %w", folder, err)
	}
	spool := &Spool{folder: folder, lock: lock, Producer: fmt.Sprintf("%s/%d", name, time.Now().UnixMilli())}
	if _, err := os.Stat(spool.path("messages")); os.IsNotExist(err) {
		if err := spool.begin(); err != nil {
			return nil, err
		}
	}
	return spool, spool.open()
}

// Append has the message on disk when it returns.
func (s *Spool) Append(subject string, message any) error {
	text, err := json.Marshal(message)
	if err != nil {
		return err
	}
	line, err := json.Marshal([]string{subject, string(text)})
	if err != nil {
		return err
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if _, err := s.file.Write(append(line, '\n')); err != nil {
		return err
	}
	s.size += len(line) + 1
	s.count++
	s.waiting = append(s.waiting, Waiting{s.count, subject, text})
	return s.file.Sync()
}

// Count is the number of the last message.
func (s *Spool) Count() int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.count
}

// IsFull says whether it has no room.
func (s *Spool) IsFull() bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.size >= limit
}

// Waiting gives the oldest messages that the log has not acknowledged.
func (s *Spool) Waiting(most int) []Waiting {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.waiting[:min(most, len(s.waiting))]
}

// Acknowledge says that the log has all messages up to this one.
func (s *Spool) Acknowledge(number int) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for len(s.waiting) > 0 && s.waiting[0].Number <= number {
		s.waiting = s.waiting[1:]
	}
	if err := s.replace("acknowledged", []byte(strconv.Itoa(number))); err != nil {
		return err
	}
	if len(s.waiting) > 0 || s.size <= emptied {
		return nil
	}
	if err := s.begin(); err != nil {
		return err
	}
	s.file.Close()
	return s.open()
}

func (s *Spool) begin() error {
	text, err := json.Marshal(header{s.Producer, s.count})
	if err != nil {
		return err
	}
	return s.replace("messages", append(text, '\n'))
}

func (s *Spool) open() error {
	data, err := os.ReadFile(s.path("messages"))
	if err != nil {
		return err
	}
	// What a kill or a power cut left of a line was never published.
	whole := data[:bytes.LastIndexByte(data, '\n')+1]
	if s.file, err = os.OpenFile(s.path("messages"), os.O_APPEND|os.O_WRONLY, 0o644); err != nil {
		return err
	}
	if err := s.file.Truncate(int64(len(whole))); err != nil {
		return err
	}
	s.size, s.waiting = len(whole), nil
	lines := bytes.Split(bytes.TrimSuffix(whole, []byte("\n")), []byte("\n"))
	var first header
	if err := json.Unmarshal(lines[0], &first); err != nil {
		return err
	}
	s.Producer, s.count = first.Producer, first.After
	acknowledged := 0
	if mark, err := os.ReadFile(s.path("acknowledged")); err == nil {
		acknowledged, _ = strconv.Atoi(strings.TrimSpace(string(mark)))
	}
	for _, line := range lines[1:] {
		var entry [2]string
		if err := json.Unmarshal(line, &entry); err != nil {
			return err
		}
		if s.count++; s.count > acknowledged {
			s.waiting = append(s.waiting, Waiting{s.count, entry[0], []byte(entry[1])})
		}
	}
	return nil
}

func (s *Spool) path(name string) string { return filepath.Join(s.folder, name) }

func (s *Spool) replace(name string, text []byte) error {
	file, err := os.Create(s.path(name + ".new"))
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := file.Write(text); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	return os.Rename(s.path(name+".new"), s.path(name))
}
