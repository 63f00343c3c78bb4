using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using XLLM.Silo.Transfer;
using XLLM.Silo.Transfer.Forms;

namespace XLLM.Benchmarks;

/// <summary>How fast KV blocks are turned into each stored form and back, by one thread, and how small they get. Values are normal, as keys and values about are.</summary>
internal static class KvFormBenchmark
{
    public static int Run(string[] args)
    {
        var arguments = new Arguments(args);
        var (blockBytes, blocks) = (arguments.Number("--block-bytes", 128 << 10), arguments.Number("--blocks", 128));
        foreach (var elementBytes in (int[])[4, 2])
        {
            using var forms = new KvForms(elementBytes);
            byte[][] raw = [.. Enumerable.Range(0, blocks).Select(seed => Block(seed, blockBytes, elementBytes))];
            foreach (var kind in (KvForm[])[KvForm.Int8, KvForm.Zstd])
            {
                Measure(forms[kind], raw, elementBytes == 4 ? "F32" : "BF16");
            }
        }

        return 0;
    }

    private static void Measure(IKvForm form, byte[][] raw, string elements)
    {
        var packets = Array.ConvertAll(raw, block => new byte[form.Bound(block.Length)]);
        var lengths = new int[raw.Length];
        var back = new byte[raw[0].Length];
        Encode();                                   // code compiled
        Decode();
        var (encode, decode) = (Time(Encode), Time(Decode));
        var megabytes = (double)raw.Length * raw[0].Length / 1e6;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{elements,-5}{form.Kind,-6}{megabytes / encode.TotalSeconds,8:F0} MB/s there {megabytes / decode.TotalSeconds,8:F0} MB/s back, {lengths.Sum() / 1e6 / megabytes:P1} of the bytes"));

        void Encode()
        {
            for (var i = 0; i < raw.Length; i++)
            {
                lengths[i] = form.Encode(raw[i], packets[i]);
            }
        }

        void Decode()
        {
            for (var i = 0; i < raw.Length; i++)
            {
                if (!form.TryDecode(packets[i].AsSpan(0, lengths[i]), back))
                {
                    throw new InvalidOperationException($"{form.Kind} does not read what it wrote");
                }
            }
        }
    }

    private static TimeSpan Time(Action action)
    {
        var clock = new Stopwatch();
        return Enumerable.Range(0, 5).Select(_ =>
        {
            clock.Restart();
            action();
            return clock.Elapsed;
        }).Order().First();                         // the best: others use the machine too
    }

    private static byte[] Block(int seed, int bytes, int elementBytes)
    {
        var random = new Random(seed);
        var values = new float[bytes / elementBytes];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
        }

        return elementBytes == 4
            ? MemoryMarshal.AsBytes(values.AsSpan()).ToArray()
            : MemoryMarshal.AsBytes(Array.ConvertAll(values, value => (short)(BitConverter.SingleToInt32Bits(value) >> 16)).AsSpan()).ToArray();
    }
}
