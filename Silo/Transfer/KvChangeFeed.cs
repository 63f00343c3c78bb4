using System.Runtime.InteropServices;
using XLLM.Grains.Interfaces.Routing;
using XLLM.Grains.Ports;
using XLLM.Silo.KvCache;

namespace XLLM.Silo.Transfer;

/// <summary>Collects which prefixes the device pool and the host tier have, for the silo to publish. Thread-safe towards its reader.</summary>
/// <remarks>Only the first group of layers is told: a replica that has a block of one group has it of all, but for moments and windows.</remarks>
internal sealed class KvChangeFeed : IPrefixSource
{
    /// <summary>Changes between two readings; 1.5 MB. A step of 512 rows stores 32 blocks, so this is hundreds of steps.</summary>
    private const int Capacity = 65_536;

    private const int ToldGroup = 0;

    private readonly Lock _gate = new();
    private readonly ChangeRing _device = new(Capacity);
    private readonly List<(PrefixHash Hash, bool IsStored)> _host = [];
    private readonly List<(PrefixHash Hash, bool IsStored)> _read = [];
    private readonly Dictionary<PrefixHash, PrefixTiers> _tiers = [];
    private readonly Dictionary<PrefixHash, PrefixTiers> _changed = [];
    private Func<KvBlockName[]>? _hostNames;
    private bool _hostOverflowed;

    /// <inheritdoc/>
    public string? PeerEndpoint { get; set; }

    /// <summary>Asks for what the host tier has, when its changes were too many. Set before the engine starts.</summary>
    public Func<KvBlockName[]>? HostNames
    {
        set => _hostNames = value;
    }

    /// <summary>Called when the engine's loop should look at <see cref="Poll"/>.</summary>
    public Action? Wake { get; set; }

    /// <summary>The device pool has, or has no more, a block. The engine's loop calls it.</summary>
    public void Device(KvBlockName name, bool isStored)
    {
        if (name.Group == ToldGroup)
        {
            _device.Write(name.Hash, isStored);
        }
    }

    /// <summary>The host tier has, or has no more, a block. Any thread calls it.</summary>
    public void Host(KvBlockName name, bool isStored)
    {
        if (name.Group != ToldGroup)
        {
            return;
        }

        lock (_host)
        {
            if (_host.Count >= Capacity)
            {
                _hostOverflowed = true;
                _host.Clear();
            }

            _host.Add((name.Hash, isStored));
        }
    }

    /// <summary>Tells everything anew where changes were lost. The engine's loop calls it between steps.</summary>
    public void Poll(KvBlockManager blocks)
    {
        if (_device.WantsRestart)
        {
            _device.Restart([.. blocks.CachedNames().Where(name => name.Group == ToldGroup).Select(name => name.Hash)]);
        }
    }

    /// <inheritdoc/>
    public PrefixChanges Take()
    {
        lock (_gate)
        {
            _changed.Clear();
            var isComplete = TakeDevice() | TakeHost();
            if (_device.WantsRestart)
            {
                Wake?.Invoke();
            }

            return isComplete
                ? new PrefixChanges(true, [.. _tiers.Select(held => new PrefixChange(held.Key, held.Value))])
                : new PrefixChanges(false, [.. _changed.Select(changed => new PrefixChange(changed.Key, changed.Value))]);
        }
    }

    private bool TakeDevice()
    {
        _read.Clear();
        var whole = _device.Read(_read);
        if (whole is not null)
        {
            Replace(PrefixTiers.Device, whole);
        }

        Apply(PrefixTiers.Device);
        return whole is not null;
    }

    private bool TakeHost()
    {
        _read.Clear();
        bool overflowed;
        PrefixHash[] whole = [];
        lock (_host)
        {
            overflowed = _hostOverflowed;
            _hostOverflowed = false;
            if (!overflowed)
            {
                _read.AddRange(_host);
            }

            _host.Clear();
        }

        if (overflowed)
        {
            // Changes that come while the names are read are applied on top of them, and say the same or newer things.
            whole = [.. (_hostNames?.Invoke() ?? []).Where(name => name.Group == ToldGroup).Select(name => name.Hash)];
            Replace(PrefixTiers.Host, whole);
        }

        Apply(PrefixTiers.Host);
        return overflowed;
    }

    private void Apply(PrefixTiers tier)
    {
        foreach (var (hash, isStored) in CollectionsMarshal.AsSpan(_read))
        {
            var held = _tiers.GetValueOrDefault(hash);
            Set(hash, isStored ? held | tier : held & ~tier);
            _changed[hash] = _tiers.GetValueOrDefault(hash);
        }
    }

    private void Replace(PrefixTiers tier, PrefixHash[] whole)
    {
        foreach (var (hash, held) in _tiers.Where(held => held.Value.HasFlag(tier)).ToArray())
        {
            Set(hash, held & ~tier);
        }

        foreach (var hash in whole)
        {
            Set(hash, _tiers.GetValueOrDefault(hash) | tier);
        }
    }

    private void Set(PrefixHash hash, PrefixTiers tiers)
    {
        if (tiers == PrefixTiers.None)
        {
            _tiers.Remove(hash);
        }
        else
        {
            _tiers[hash] = tiers;
        }
    }
}
