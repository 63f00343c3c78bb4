using XLLM.Grains.Interfaces.Catalog;
using XLLM.Grains.Interfaces.Replicas;

namespace XLLM.Grains.Catalog;

/// <summary>The replicas that were announced, each until its heartbeats stop. Pure: time is an argument, counted from the begin of its life.</summary>
/// <param name="heartbeat">Time between two announcements of a silo.</param>
/// <param name="missed">Heartbeats after whose silence a replica is gone.</param>
internal sealed class AnnouncedReplicas(TimeSpan heartbeat, int missed)
{
    /// <summary>Heartbeats after which a silo that has not called in is late: one is due, one may have been held up.</summary>
    private const int Late = 2;

    private readonly Dictionary<string, TimeSpan> _heard = new(StringComparer.Ordinal);
    private readonly Dictionary<ReplicaKey, (ReplicaAnnouncement Announcement, TimeSpan SeenAt)> _replicas = [];

    /// <summary>Takes an announcement in. One that was overtaken by a newer one only counts as a sign of life.</summary>
    public void Announce(ReplicaAnnouncement announcement, TimeSpan now)
    {
        var newest = _replicas.TryGetValue(announcement.Replica, out var known) && known.Announcement.Beat > announcement.Beat ? known.Announcement : announcement;
        _replicas[announcement.Replica] = (newest, now);
    }

    /// <summary>A silo has announced all that it serves, perhaps nothing.</summary>
    public void Heard(string silo, TimeSpan now) => _heard[silo] = now;

    /// <summary>
    /// How long an answer waits for announcements to come. With something to say: one heartbeat of this life, until every silo was heard.
    /// With nothing to say: until no silo is late, but no longer than a silent replica lives; who serves the model may just have been held up, as all are on a machine that stood still.
    /// </summary>
    /// <param name="knowsAny">Whether there is something to say.</param>
    /// <param name="asked">When the question came.</param>
    /// <param name="now">Time.</param>
    /// <param name="silos">All active silos.</param>
    /// <returns>Not above zero: answer now.</returns>
    public TimeSpan Wait(bool knowsAny, TimeSpan asked, TimeSpan now, IEnumerable<string> silos)
    {
        if (knowsAny)
        {
            return silos.All(_heard.ContainsKey) ? TimeSpan.Zero : heartbeat - now;
        }

        return silos.All(silo => _heard.TryGetValue(silo, out var at) && now - at <= heartbeat * Late) ? TimeSpan.Zero : asked + (heartbeat * missed) - now;
    }

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
