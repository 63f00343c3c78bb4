using XLLM.Grains.Interfaces.Catalog;
using XLLM.Grains.Interfaces.Replicas;

namespace XLLM.Grains.Catalog;

/// <summary>The replicas that were announced, each until its heartbeats stop. Pure: time is an argument, counted from the begin of its life.</summary>
/// <param name="heartbeat">Time between two announcements of a silo.</param>
/// <param name="missed">Heartbeats after whose silence a replica is gone.</param>
internal sealed class AnnouncedReplicas(TimeSpan heartbeat, int missed)
{
    private readonly HashSet<string> _heard = new(StringComparer.Ordinal);
    private readonly Dictionary<ReplicaKey, (ReplicaAnnouncement Announcement, TimeSpan SeenAt)> _replicas = [];

    /// <summary>Takes an announcement in. One that was overtaken by a newer one only counts as a sign of life.</summary>
    public void Announce(ReplicaAnnouncement announcement, TimeSpan now)
    {
        var newest = _replicas.TryGetValue(announcement.Replica, out var known) && known.Announcement.Beat > announcement.Beat ? known.Announcement : announcement;
        _replicas[announcement.Replica] = (newest, now);
    }

    /// <summary>A silo has announced all that it serves, perhaps nothing.</summary>
    public void Heard(string silo) => _heard.Add(silo);

    /// <summary>How long an answer waits for announcements to come: none once every silo was heard, else one heartbeat with something to say, and as long as a silent replica lives with nothing.</summary>
    /// <param name="knowsAny">Whether there is something to say.</param>
    /// <param name="now">Time.</param>
    /// <param name="silos">All active silos.</param>
    /// <returns>Not above zero: answer now.</returns>
    public TimeSpan Wait(bool knowsAny, TimeSpan now, IEnumerable<string> silos) =>
        silos.All(_heard.Contains) ? TimeSpan.Zero : (heartbeat * (knowsAny ? 1 : missed)) - now;

    /// <summary>Forgets a replica.</summary>
    public void Withdraw(ReplicaKey replica) => _replicas.Remove(replica);

    /// <summary>Forgets the replicas that are silent for too long, or whose silo is dead.</summary>
    public void Expire(TimeSpan now, Func<ReplicaKey, bool> isDead)
    {
        foreach (var (replica, (_, seenAt)) in _replicas.ToArray())
        {
            if (now - seenAt > heartbeat * missed || isDead(replica))
            {
                _replicas.Remove(replica);
            }
        }
    }

    /// <summary>The replicas of a model, by key.</summary>
    public ReplicaAnnouncement[] Replicas(string model) =>
        [.. _replicas.Values.Select(known => known.Announcement).Where(announcement => announcement.Replica.Model == model).OrderBy(announcement => announcement.Replica.Silo, StringComparer.Ordinal)];

    /// <summary>The models, by name; where replicas describe one differently, the oldest of them is told, so that the answer does not flicker.</summary>
    public ModelDescriptor[] Models() =>
        [.. _replicas.Values
            .Select(known => known.Announcement.Model)
            .GroupBy(model => model.Name, StringComparer.Ordinal)
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => group.MinBy(model => model.Created)!)];
}
