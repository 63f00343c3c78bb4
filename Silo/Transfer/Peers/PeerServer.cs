using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using XLLM.Grains.Interfaces.Routing;
using XLLM.Silo.KvCache;

namespace XLLM.Silo.Transfer.Peers;

/// <summary>Lends this silo's KV blocks to other silos, over connections of their own, so that blocks never stand before grain calls (decision D8).</summary>
internal sealed partial class PeerServer : IAsyncDisposable
{
    /// <summary>How long a peer may take to prove itself.</summary>
    private static readonly TimeSpan HandshakeTimeout = TimeSpan.FromSeconds(5);

    /// <summary>How long a connection may stay without a request.</summary>
    private static readonly TimeSpan IdleTimeout = TimeSpan.FromMinutes(1);

    private readonly Func<LayoutFingerprint, IPeerLender?> _find;
    private readonly string _secret;
    private readonly ILogger _logger;
    private readonly TcpListener _listener;
    private readonly CancellationTokenSource _stopping = new();
    private readonly HashSet<Task> _serving = [];
    private readonly Task _accepting;

    /// <summary>Starts to listen.</summary>
    /// <param name="address">Where.</param>
    /// <param name="port">Port; 0 takes a free one.</param>
    /// <param name="secret">What peers must know.</param>
    /// <param name="find">Finds who lends blocks of a layout; null: nobody here.</param>
    /// <param name="logger">Hears of refused peers.</param>
    /// <exception cref="SocketException">The port is taken.</exception>
    public PeerServer(IPAddress address, int port, string secret, Func<LayoutFingerprint, IPeerLender?> find, ILogger<PeerServer> logger)
    {
        (_secret, _find, _logger) = (secret, find, logger);
        _listener = new TcpListener(address, port);
        _listener.Start();
        _accepting = Task.Run(AcceptAsync);
    }

    /// <summary>Where it listens: "address:port".</summary>
    public string Endpoint => _listener.LocalEndpoint.ToString()!;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        await _accepting;
        Task[] serving;
        lock (_serving)
        {
            serving = [.. _serving];
        }

        await Task.WhenAll(serving);
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            TcpClient client;
            try
            {
                client = await _listener.AcceptTcpClientAsync(_stopping.Token);
            }
            catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }

            var serving = ServeAsync(client);
            lock (_serving)
            {
                _serving.Add(serving);
                _serving.RemoveWhere(done => done.IsCompleted);
            }
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                client.NoDelay = true;
                var stream = client.GetStream();
                if (!await ProveAsync(stream))
                {
                    LogRefused(client.Client.RemoteEndPoint);
                    return;
                }

                while (await ReadRequestAsync(stream) is { } request)
                {
                    await AnswerAsync(stream, request);
                }
            }
            catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException or InvalidDataException or EndOfStreamException)
            {
                LogLost(exception, client.Client?.RemoteEndPoint);      // the peer computes what it has not got
            }
        }
    }

    private async Task<bool> ProveAsync(NetworkStream stream)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        timeout.CancelAfter(HandshakeTimeout);
        var hello = new byte[8 + PeerWire.NonceBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(hello, PeerWire.Magic);
        RandomNumberGenerator.Fill(hello.AsSpan(8));
        await stream.WriteAsync(hello, timeout.Token);

        var answer = new byte[2 * PeerWire.NonceBytes];
        await stream.ReadExactlyAsync(answer, timeout.Token);
        var (server, client) = (hello.AsMemory(8), answer.AsMemory(0, PeerWire.NonceBytes));
        if (!CryptographicOperations.FixedTimeEquals(PeerWire.Proof(_secret, "client", server.Span, client.Span), answer.AsSpan(PeerWire.NonceBytes)))
        {
            return false;
        }

        await stream.WriteAsync(PeerWire.Proof(_secret, "server", server.Span, client.Span), timeout.Token);
        return true;
    }

    private async Task<PeerRequest?> ReadRequestAsync(NetworkStream stream)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        timeout.CancelAfter(IdleTimeout);
        var header = new byte[PeerWire.RequestHeaderBytes];
        if (await stream.ReadAtLeastAsync(header, header.Length, throwOnEndOfStream: false, timeout.Token) < header.Length)
        {
            return null;
        }

        var (groups, count) = (BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(16)), BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(20)));
        if (groups is < 1 or > 255 || count is < 1 or > PeerWire.MostHashes)
        {
            throw new InvalidDataException($"a peer asked for {count} blocks of {groups} groups; at most {PeerWire.MostHashes} of 255 are lent");
        }

        var bytes = new byte[16 * count];
        await stream.ReadExactlyAsync(bytes, timeout.Token);
        var hashes = new PrefixHash[count];
        for (var i = 0; i < count; i++)
        {
            hashes[i] = new PrefixHash(BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan((16 * i) + 8)), BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(16 * i)));
        }

        return new PeerRequest(new LayoutFingerprint(BinaryPrimitives.ReadUInt128LittleEndian(header)), groups, hashes);
    }

    private async Task AnswerAsync(NetworkStream stream, PeerRequest request)
    {
        var chunk = new byte[PeerWire.ChunkHeaderBytes + PeerWire.MostChunkBytes];
        if (_find(request.Layout) is { } lender)
        {
            lender.Prepare(request.Hashes, request.Groups);
            foreach (var hash in request.Hashes)
            {
                var complete = true;
                for (var group = 0; group < request.Groups && complete; group++)
                {
                    complete = await SendAsync(stream, chunk, lender, new KvBlockName(hash, group));
                }

                if (!complete)
                {
                    break;      // what follows is of no use without it
                }
            }
        }

        PeerWire.WriteChunkHeader(chunk, []);
        await stream.WriteAsync(chunk.AsMemory(0, PeerWire.ChunkHeaderBytes), _stopping.Token);
    }

    private async Task<bool> SendAsync(NetworkStream stream, byte[] chunk, IPeerLender lender, KvBlockName name)
    {
        if (await lender.LendAsync(name, _stopping.Token) is not { } packet)
        {
            return false;
        }

        try
        {
            var length = KvPacket.Length(packet.Bytes, packet.Capacity);
            for (var at = 0; at < length; at += PeerWire.MostChunkBytes)
            {
                var count = Math.Min(PeerWire.MostChunkBytes, length - at);
                packet.Bytes.Slice(at, count).CopyTo(chunk.AsSpan(PeerWire.ChunkHeaderBytes));
                PeerWire.WriteChunkHeader(chunk, chunk.AsSpan(PeerWire.ChunkHeaderBytes, count));
                await stream.WriteAsync(chunk.AsMemory(0, PeerWire.ChunkHeaderBytes + count), _stopping.Token);
            }

            return true;
        }
        finally
        {
            packet.Release();
        }
    }

    [LoggerMessage(3211, LogLevel.Warning, "{Peer} asked for KV blocks without knowing the cluster's secret")]
    private partial void LogRefused(EndPoint? peer);

    [LoggerMessage(3212, LogLevel.Debug, "The connection of {Peer}, which fetched KV blocks, is lost")]
    private partial void LogLost(Exception exception, EndPoint? peer);

    private sealed record PeerRequest(LayoutFingerprint Layout, int Groups, PrefixHash[] Hashes);
}
