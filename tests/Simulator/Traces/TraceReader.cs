using System.Globalization;
using System.Text.Json;

namespace XLLM.Simulator.Traces;

/// <summary>Reads the public trace formats. Nothing is trimmed; a request without output tokens counts as one, since a first token is what is measured.</summary>
internal static class TraceReader
{
    /// <summary>Tokens of a block in Mooncake's traces. Source: their README.</summary>
    private const int MooncakeBlock = 512;

    /// <summary>Tokens of a block in rtp-llm's trace: every row has one hash per 1,024 tokens that are full.</summary>
    private const int RtpBlock = 1024;

    /// <summary>Reads a file: <c>.csv</c> is Azure's (TIMESTAMP, ContextTokens, GeneratedTokens), <c>.jsonl</c> is Mooncake's or rtp-llm's, told apart by their fields.</summary>
    /// <exception cref="FormatException">Neither; the message names the line.</exception>
    public static Trace Read(string path)
    {
        var lines = File.ReadAllLines(path);
        var name = Path.GetFileNameWithoutExtension(path);
        var (block, requests) = Path.GetExtension(path) == ".csv" ? (0, ReadAzure(lines)) : ReadJson(lines);
        if (requests.Count == 0)
        {
            throw new FormatException($"{path} has no request");
        }

        // Stable: requests of one instant keep their order.
        var first = requests.Min(request => request.Time);
        return new Trace(name, block, [.. requests.OrderBy(request => request.Time).Select(request => request with { Time = request.Time - first })]);
    }

    private static List<TraceRequest> ReadAzure(string[] lines)
    {
        var requests = new List<TraceRequest>(lines.Length);
        for (var i = 1; i < lines.Length; i++)
        {
            var cells = lines[i].Split(',');
            if (cells.Length != 3)
            {
                throw new FormatException($"line {i + 1} has {cells.Length} cells, not 3: '{lines[i]}'");
            }

            var time = DateTime.Parse(cells[0], CultureInfo.InvariantCulture);
            requests.Add(Create(time.Ticks / (double)TimeSpan.TicksPerSecond, Number(cells[1]), Number(cells[2]), [i]));
        }

        return requests;
    }

    private static (int Block, List<TraceRequest> Requests) ReadJson(string[] lines)
    {
        var requests = new List<TraceRequest>(lines.Length);
        var names = new Dictionary<string, int>(StringComparer.Ordinal);
        var block = MooncakeBlock;
        for (var i = 0; i < lines.Length; i++)
        {
            if (lines[i].Length == 0)
            {
                continue;
            }

            using var json = JsonDocument.Parse(lines[i]);
            var root = json.RootElement;
            if (root.TryGetProperty("hash_ids", out var ids))
            {
                requests.Add(Create(
                    root.GetProperty("timestamp").GetDouble() / 1000, root.GetProperty("input_length").GetInt32(), root.GetProperty("output_length").GetInt32(),
                    [.. ids.EnumerateArray().Select(id => id.GetInt32())]));
            }
            else if (root.TryGetProperty("bh", out var hashes))
            {
                // Only full blocks have a hash there; the rest of the prompt is its own.
                block = RtpBlock;
                int[] blocks = [.. hashes.EnumerateArray().Select(hash => Dense(names, hash.GetString()!)), -2 - i];
                requests.Add(Create(root.GetProperty("ts").GetDouble() / 1000, root.GetProperty("il").GetInt32(), root.GetProperty("ol").GetInt32(), blocks));
            }
            else
            {
                throw new FormatException($"line {i + 1} has neither 'hash_ids' nor 'bh'");
            }
        }

        return (block, requests);
    }

    private static int Dense(Dictionary<string, int> names, string hash)
    {
        if (!names.TryGetValue(hash, out var name))
        {
            names.Add(hash, name = names.Count);
        }

        return name;
    }

    private static TraceRequest Create(double time, int input, int output, int[] blocks) => new(time, Math.Max(1, input), Math.Max(1, output), blocks);

    private static int Number(string cell) => int.Parse(cell, CultureInfo.InvariantCulture);
}
