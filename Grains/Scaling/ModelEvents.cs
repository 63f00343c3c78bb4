using XLLM.Grains.Interfaces.Administration;

namespace XLLM.Grains.Scaling;

/// <summary>What happened to a model since an administrator last said what is wanted of it, for watchers that come a moment later. Of a loading only the newest progress. Not thread-safe: a grain's own.</summary>
/// <param name="since">When that was, counted as its grain counts.</param>
internal sealed class ModelEvents(TimeSpan since)
{
    /// <summary>Most events that are kept; the oldest go. Two per silo and change, so this is a cluster of a hundred.</summary>
    private const int Most = 256;

    private readonly List<(int Number, ModelLoadEvent Event)> _events = [];

    /// <summary>When an administrator last said what is wanted.</summary>
    public TimeSpan Since => since;

    /// <summary>Number of the event that comes next, counted from 0.</summary>
    public int Next { get; private set; }

    /// <summary>Keeps an event.</summary>
    public void Add(ModelLoadEvent next)
    {
        if (next.Stage == ModelLoadStage.Loading)
        {
            _events.RemoveAll(known => known.Event.Silo == next.Silo && known.Event.Stage == ModelLoadStage.Loading);
        }
        else if (_events.Count == Most)
        {
            _events.RemoveAt(0);
        }

        _events.Add((Next++, next));
    }

    /// <summary>The events from a number on that are still kept.</summary>
    public ModelLoadEvent[] From(int number) => [.. _events.Where(known => known.Number >= number).Select(known => known.Event)];
}
