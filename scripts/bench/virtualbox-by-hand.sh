# The machine of one `azl-vm up` on VirtualBox as an admin would write it down: the same calls, without looking and
# asking, and started as VBoxManage starts it. scripts/bench/programs.ts runs it beside `up`. Words: the machine's name, the
# ISO, a folder for the machine and its serial port.
set -euo pipefail
name=$1 iso=$2 folder=$3

# By its UUID, because the machine that is played knows no other name.
id=$(cat /proc/sys/kernel/random/uuid)
echo "$id" >"$folder/$name.id"
disk=$folder/$name/disk0.vdi

VBoxManage createvm --name "$name" --uuid "$id" --basefolder "$folder" --ostype Fedora_64 --register
VBoxManage modifyvm "$id" --memory 256 --cpus 1 --firmware efi64 --tpm-type none --graphicscontroller vmsvga --vram 16 \
  --audio-enabled off --boot1 disk --boot2 dvd --boot3 none --boot4 none --uart1 0x3F8 4 \
  --uart-mode1 server "$folder/$name.sock" --nic1 nat --nic-type1 virtio --mac-address1 080027A17B01 \
  --nat-pf1 'ssh,tcp,127.0.0.1,22022,,22' --description 'made by hand'
VBoxManage storagectl "$id" --name sata --add sata --portcount 3 --bootable on
VBoxManage storageattach "$id" --storagectl sata --port 2 --device 0 --type dvddrive --medium emptydrive
VBoxManage createmedium disk --filename "$disk" --sizebyte 67108864 --format VDI
VBoxManage storageattach "$id" --storagectl sata --port 0 --device 0 --type hdd --medium "$disk"
VBoxManage storageattach "$id" --storagectl sata --port 1 --device 0 --type dvddrive --medium "$iso"
# A moment after it was changed, VirtualBox may still hold the machine and refuse the start.
until VBoxManage startvm "$id" --type headless; do sleep 0.05; done
