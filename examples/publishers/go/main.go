// Publishes frames and a waveform of one machine: see docs/wire-format.md.
//
//	go run . nats://127.0.0.1:4222 works line1 press
package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"log"
	"math"
	"os"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/vmihailenco/msgpack/v5"
)

// Producer numbers its messages, so that Andon recognises the repeats of a retry.
type Producer struct {
	stream jetstream.JetStream
	// name carries the time of the start: another start is another boot, and may count from 1 again.
	name  string
	count int
}

// Publish sends one message and repeats it until the log has it.
func (p *Producer) Publish(ctx context.Context, subject string, message any) error {
	payload, err := msgpack.Marshal(message)
	if err != nil {
		return err
	}
	p.count++
	outgoing := nats.NewMsg(subject)
	outgoing.Data = payload
	outgoing.Header.Set("Andon-Producer", p.name)
	outgoing.Header.Set("Andon-Sequence", strconv.Itoa(p.count))
	id := jetstream.WithMsgID(fmt.Sprintf("%s/%d", p.name, p.count))
	for {
		if _, err = p.stream.PublishMsg(ctx, outgoing, id); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Second):
		}
	}
}

type frame struct {
	Time   float64        `msgpack:"time"`
	Values map[string]any `msgpack:"values"`
}

type waveform struct {
	Time    float64 `msgpack:"time"`
	Rate    float64 `msgpack:"rate"`
	Unit    string  `msgpack:"unit"`
	Samples []byte  `msgpack:"samples"`
	RPM     float64 `msgpack:"rpm"`
}

func milliseconds(t time.Time) float64 { return float64(t.UnixMicro()) / 1000 }

func sine(rate float64, count int) waveform {
	samples := make([]byte, 0, 4*count)
	for index := range count {
		value := float32(math.Sin(2 * math.Pi * 50 * float64(index) / rate))
		samples = binary.LittleEndian.AppendUint32(samples, math.Float32bits(value))
	}
	began := time.Now().Add(-time.Duration(float64(count) / rate * float64(time.Second)))
	return waveform{Time: milliseconds(began), Rate: rate, Unit: "g", Samples: samples, RPM: 1480}
}

func main() {
	if len(os.Args) < 5 {
		log.Fatal("usage: publisher URL PLANT LINE ASSET [SECONDS]")
	}
	url, plant, line, asset := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	seconds := 10
	if len(os.Args) > 5 {
		seconds, _ = strconv.Atoi(os.Args[5])
	}
	connection, err := nats.Connect(url, nats.MaxReconnects(-1))
	if err != nil {
		log.Fatal(err)
	}
	defer connection.Drain()
	stream, err := jetstream.New(connection)
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	name := fmt.Sprintf("%s-%s-gateway/%d", plant, line, time.Now().UnixMilli())
	producer := &Producer{stream: stream, name: name}
	at := fmt.Sprintf("%s.%s.%s", plant, line, asset)
	for range seconds {
		values := map[string]any{"temperature": 41.5, "force": 812, "lubricating": true}
		reading := frame{Time: milliseconds(time.Now()), Values: values}
		if err := producer.Publish(ctx, "telemetry."+at, reading); err != nil {
			log.Fatal(err)
		}
		if err := producer.Publish(ctx, "waveform."+at+".de", sine(25_600, 2_560)); err != nil {
			log.Fatal(err)
		}
		time.Sleep(time.Second)
	}
}
