using XLLM.Grains.Interfaces.Routing;
using XLLM.Grains.Ports;

namespace XLLM.Silo.Tests.Transfer;

/// <summary>The storage port without storage, in the plainest way: it survives an engine, as grain storage does, and can be damaged or be down.</summary>
internal sealed class MemoryStore(long mostBytes = long.MaxValue) : IKvStore
{
    private readonly Lock _gate = new();
    private readonly List<(StoredRun Run, byte[]? Bytes)> _runs = [];

    /// <summary>Every call fails.</summary>
    public bool IsDown { get; set; }

    public int Forgotten { get; private set; }

    public int Blocks => _runs.Sum(run => run.Run.Hashes.Length);

    public Task<StoredRun[]> FindAsync(PrefixHash[] hashes, int groups) => Run(() =>
    {
        var found = new List<StoredRun>();
        foreach (var hash in hashes)
        {
            for (byte group = 0; group < groups; group++)
            {
                var place = _runs.FindIndex(run => run.Bytes is not null && Has(run.Run, hash, group));
                if (place < 0)
                {
                    return found.ToArray();
                }

                if (!found.Contains(_runs[place].Run))
                {
                    found.Add(_runs[place].Run);
                }
            }
        }

        return found.ToArray();
    });

    public Task<StoredRun?> ReserveAsync(StoredRun run) => Run(() =>
    {
        int[] missing = [.. Enumerable.Range(0, run.Hashes.Length).Where(i => !_runs.Exists(kept => Has(kept.Run, run.Hashes[i], run.Groups[i])))];
        if (missing.Length == 0)
        {
            return null;
        }

        var part = run with { Hashes = [.. missing.Select(i => run.Hashes[i])], Groups = [.. missing.Select(i => run.Groups[i])], Bytes = [.. missing.Select(i => run.Bytes[i])] };
        while (_runs.Count > 0 && _runs.Sum(kept => kept.Run.TotalBytes) + part.TotalBytes > mostBytes)
        {
            _runs.RemoveAt(0);
        }

        _runs.Add((part, null));
        return part;
    });

    public Task WriteAsync(StoredRun run, ReadOnlyMemory<byte> bytes) => Run(() =>
    {
        Assert.Equal(run.TotalBytes, bytes.Length);
        var place = _runs.FindIndex(kept => kept.Run == run);
        if (place >= 0)
        {
            _runs[place] = (run, bytes.ToArray());
        }

        return place;
    });

    public Task<byte[]?> ReadAsync(StoredRun run) => Run(() => _runs.Find(kept => kept.Run == run).Bytes);

    public Task ForgetAsync(StoredRun run) => Run(() =>
    {
        Forgotten++;
        return _runs.RemoveAll(kept => kept.Run == run);
    });

    public Task ClearAsync() => Run(() => _runs.RemoveAll(_ => true));

    public Task<(long Blocks, long Bytes)> GetSizeAsync() => Run(() => ((long)Blocks, _runs.Sum(run => run.Run.TotalBytes)));

    /// <summary>Changes a bit of every run.</summary>
    public void Damage(Random random)
    {
        foreach (var (_, bytes) in _runs)
        {
            bytes![random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
        }
    }

    private static bool Has(StoredRun run, PrefixHash hash, byte group) => run.Hashes.Zip(run.Groups).Contains((hash, group));

    private Task<T> Run<T>(Func<T> action)
    {
        lock (_gate)
        {
            return IsDown ? Task.FromException<T>(new IOException("storage is down")) : Task.FromResult(action());
        }
    }
}
